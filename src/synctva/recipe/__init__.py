"""Recipe: everything that determines a run, as one frozen object and one TOML file."""

from synctva.recipe.load import load_difference as load_difference
from synctva.recipe.load import load_recipe as load_recipe
from synctva.recipe.load import load_section as load_section
from synctva.recipe.load import with_settings as with_settings
from synctva.recipe.tables import LossRecipe as LossRecipe
from synctva.recipe.tables import NotNegative as NotNegative
from synctva.recipe.tables import Rate as Rate
from synctva.recipe.tables import Recipe as Recipe
from synctva.recipe.tables import Section as Section
from synctva.recipe.tables import TrainingRecipe as TrainingRecipe
from synctva.recipe.tables import flat as flat
